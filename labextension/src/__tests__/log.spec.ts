import { BuildLog } from '../model/log';
import { Rows, wrapped } from '../view/parts/rows';

describe('BuildLog', () => {
  it('takes each line once, whatever is sent again', () => {
    const log = new BuildLog(0);
    log.append(0, ['a', 'b']);
    log.append(1, ['b', 'c']);
    log.append(0, ['a', 'b', 'c']);
    expect(log.lines).toEqual(['a', 'b', 'c']);
  });

  it('takes no lines behind a hole', () => {
    const log = new BuildLog(0);
    log.append(0, ['a']);
    log.append(5, ['f']);
    expect(log.next).toBe(1);
  });

  it('begins where it was told to', () => {
    const log = new BuildLog(98_000);
    log.append(97_999, ['x', 'y']);
    expect(log.lines).toEqual(['y']);
    expect(log.next).toBe(98_001);
  });
});

describe('Rows', () => {
  it('breaks a line after a space, or hard where there is none', () => {
    expect(wrapped('Collecting packages from', 14)).toEqual(['Collecting ', 'packages from']);
    expect(wrapped('a'.repeat(7), 3)).toEqual(['aaa', 'aaa', 'a']);
  });

  it('gives every row of every line exactly once', () => {
    const lines = ['one two three', '', 'x'.repeat(25), 'end'];
    const rows = new Rows();
    rows.fit(lines, 10);
    expect(rows.slice(0, rows.count).join('')).toBe(lines.join(''));
    for (let n = 0; n < rows.count; n += 1) {
      expect(rows.slice(n, n + 1)).toEqual([rows.slice(0, rows.count)[n]]);
    }
  });

  it('measures only what is new, and all of it for another width', () => {
    const lines = Array.from({ length: 100_000 }, (_, n) => `line ${n} ${'.'.repeat(60)}`);
    const rows = new Rows();
    rows.fit(lines, 80);
    expect(rows.count).toBe(100_000);
    lines.push('one more');
    rows.fit(lines, 80);
    expect(rows.slice(rows.count - 1, rows.count)).toEqual(['one more']);
    rows.fit(lines, 40);
    expect(rows.count).toBe(200_001);
  });
});
