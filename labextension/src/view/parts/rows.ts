/** Lines broken into rows of a width, so that each row's place is known without drawing it. */
export class Rows {
  /** Number of rows. */
  get count(): number {
    return this._count;
  }

  /** Take in the lines: what is known stays, unless the width or the text is another. */
  fit(lines: readonly string[], columns: number): void {
    if (lines !== this._lines || columns !== this._columns || lines.length < this._starts.length) {
      this._lines = lines;
      this._columns = columns;
      this._starts = [];
      this._count = 0;
    }
    for (let n = this._starts.length; n < lines.length; n += 1) {
      this._starts.push(this._count);
      this._count += rowsOf(lines[n], columns);
    }
  }

  /** Return the rows from number `first` to before `end`. */
  slice(first: number, end: number): string[] {
    const rows: string[] = [];
    for (let n = this._lineAt(first); n < this._lines.length && this._starts[n] < end; n += 1) {
      wrapped(this._lines[n], this._columns).forEach((row, k) => {
        const place = this._starts[n] + k;
        if (place >= first && place < end) {
          rows.push(row);
        }
      });
    }
    return rows;
  }

  /** Return the number of the line that a row belongs to. */
  private _lineAt(row: number): number {
    let low = 0;
    let high = this._starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this._starts[middle] <= row) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private _lines: readonly string[] = [];
  private _columns = 0;
  private _count = 0;
  private _starts: number[] = [];
}

function rowsOf(line: string, columns: number): number {
  return line.length <= columns ? 1 : wrapped(line, columns).length;
}

/** Return a line in rows: broken after a space if there is one in the row's second half. */
export function wrapped(line: string, columns: number): string[] {
  const rows: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const space = rest.lastIndexOf(' ', columns);
    const cut = space > columns / 2 ? space + 1 : columns;
    rows.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  rows.push(rest);
  return rows;
}
