import { describe, expect, it, test } from '@jest/globals';
import { propertiesOfEnvironment } from '../../../../src/broker/config/environment.ts';
import { parsePropertiesText } from '../../../../src/broker/config/properties-text.ts';

const parsed = (text: string) => Object.fromEntries(parsePropertiesText(text));

describe('the text of a properties file', () => {
  test.each<[about: string, text: string, expected: Record<string, string>]>([
    ['a key and a value', 'a=b', { a: 'b' }],
    ['a colon', 'a:b', { a: 'b' }],
    ['a blank', 'a b c', { a: 'b c' }],
    ['blanks around the separator', '  a  =  b  ', { a: 'b  ' }],
    ['a separator in the value', 'a=b=c:d', { a: 'b=c:d' }],
    ['a key alone', 'a', { a: '' }],
    ['an empty value', 'a=', { a: '' }],
    ['comments and empty lines', '# a=1\n\n  ! b=2\nc=3', { c: '3' }],
    ['a comment sign within a value', 'a=b # c', { a: 'b # c' }],
    ['a line that goes on', 'a=b,\\\n    c', { a: 'b,c' }],
    ['a comment sign in a continued line', 'a=b\\\n#c', { a: 'b#c' }],
    ['a comment does not go on', '# a\\\nb=1', { b: '1' }],
    ['an escaped backslash at the end', 'a=b\\\\\nc=d', { a: 'b\\', c: 'd' }],
    ['a backslash at the end of the text', 'a=b\\', { a: 'b' }],
    ['escapes', 'a=\\t\\n\\r\\f\\q\\u00e4', { a: '\t\n\r\fqä' }],
    ['an escaped separator in a key', 'a\\=b\\:c\\ d=e', { 'a=b:c d': 'e' }],
    ['Windows and old Mac line ends', 'a=1\r\nb=2\rc=3', { a: '1', b: '2', c: '3' }],
    ['a repeated key: the last counts', 'a=1\na=2', { a: '2' }],
    ['a JAAS value', 'k=org.X required \\\n  user="a";', { k: 'org.X required user="a";' }],
  ])('%s', (_about, text, expected) => {
    expect(parsed(text)).toEqual(expected);
  });
});

describe('properties of environment variables', () => {
  it('are named as the apache/kafka image names them', () => {
    const environment = {
      KAFKA_LOG_RETENTION_HOURS: '1',
      KAFKA_VALID___PROPERTY__ALL_CASES: 'x',
      KAFKA_KAFKA_VALID_PROPERTY: 'y',
      KAFKA_LISTENER_NAME_CONTROLLER_SSL_KEY: '',
      SOME_VARIABLE: 'z',
    };
    expect(Object.fromEntries(propertiesOfEnvironment(environment))).toEqual({
      'log.retention.hours': '1',
      'valid-property_all.cases': 'x',
      'kafka.valid.property': 'y',
      'listener.name.controller.ssl.key': '',
    });
  });

  it('do not come from the variables of scripts and images', () => {
    const names = ['OPTS', 'HEAP_OPTS', 'LOG4J_OPTS', 'LOG4J_LOGGERS', 'VERSION', 'JMX_OPTS'];
    const environment = Object.fromEntries(names.map((name) => [`KAFKA_${name}`, 'x']));
    expect(propertiesOfEnvironment(environment).size).toBe(0);
  });
});
