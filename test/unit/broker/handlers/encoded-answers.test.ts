import { describe, expect, it } from '@jest/globals';
import { emptyImage } from '../../../../src/broker/catalog/image.ts';
import { EncodedAnswers } from '../../../../src/broker/handlers/encoded-answers.ts';
import type { WireWriter } from '../../../../src/protocol/wire-writer.ts';

const mebibyte = 1024 * 1024;

class Answers {
  private readonly encoded = new EncodedAnswers();
  image = emptyImage('cluster');
  timesWritten = 0;

  ask(key: string, size = 3): Buffer {
    const write = (writer: WireWriter): void => {
      this.timesWritten++;
      writer.pos = writer.bytes(writer.pos, Buffer.alloc(size, key));
    };
    return this.encoded.find(this.image, key) ?? this.encoded.add(key, write);
  }
}

describe('encoded answers', () => {
  it('are written once', () => {
    const answers = new Answers();
    const first = answers.ask('abc');
    expect(first.toString()).toBe('abc');
    expect(answers.ask('abc')).toBe(first);
    expect(answers.timesWritten).toBe(1);
  });

  it('are written anew for another image, and stay what they were for who has them', () => {
    const answers = new Answers();
    const before = answers.ask('abc');
    answers.image = { ...answers.image };
    const after = answers.ask('abc');
    expect(after).not.toBe(before);
    answers.ask('xyz');
    expect([before, after].map(String)).toEqual(['abc', 'abc']);
    expect(answers.timesWritten).toBe(3);
  });

  it('have memory of their own', () => {
    expect(new Answers().ask('abc').buffer.byteLength).toBe(3);
  });

  it('begin anew when they are too many', () => {
    const answers = new Answers();
    for (let mebibytes = 0; mebibytes < 7; mebibytes++) answers.ask(`${mebibytes}`, mebibyte);
    answers.ask('0', mebibyte);
    expect(answers.timesWritten).toBe(7);
    answers.ask('7', mebibyte);
    answers.ask('7', mebibyte);
    answers.ask('0', mebibyte);
    expect(answers.timesWritten).toBe(9);
  });

  it('are not kept where one alone is too large, and push none out', () => {
    const answers = new Answers();
    answers.ask('small');
    answers.ask('large', 9 * mebibyte);
    answers.ask('large', 9 * mebibyte);
    answers.ask('small');
    expect(answers.timesWritten).toBe(3);
  });

  it('leave nothing behind where one could not be written', () => {
    const encoded = new EncodedAnswers();
    const text = (writer: WireWriter, value: string): void => {
      writer.pos = writer.bytes(writer.pos, Buffer.from(value));
    };
    const fail = (): Buffer =>
      encoded.add('key', (writer) => {
        text(writer, 'half');
        throw new Error('cannot');
      });
    expect(fail).toThrow('cannot');
    expect(encoded.add('key', (writer) => text(writer, 'whole')).toString()).toBe('whole');
  });
});
