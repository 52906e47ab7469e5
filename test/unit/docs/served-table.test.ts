import { describe, expect, it } from '@jest/globals';
import { readme, servedApis, tableRows } from '../../support/readme.ts';

/** What stands between the markers in README.md. */
function servedPart(): string {
  const [, part] = /<!-- served:begin -->(.*)<!-- served:end -->/s.exec(readme()) ?? [];
  return part ?? '';
}

describe('the table of served APIs in README.md', () => {
  it('names the keys, APIs and versions of the handler table, and no others', () => {
    const served = servedApis().map(({ key, name, versions: [lowest, highest] }) => [
      String(key),
      name,
      lowest === highest ? String(lowest) : `${lowest} to ${highest}`,
    ]);
    expect(tableRows(servedPart())).toEqual(served);
  });

  it('says what is advertised of Produce but refused', () => {
    expect(servedPart()).toMatch(/Produce.*0 to 2/s);
  });
});
