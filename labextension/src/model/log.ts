import { ISignal, Signal } from '@lumino/signaling';

/** The lines of a build's log that have been fetched: one run of lines without a hole. */
export class BuildLog {
  /**
   * @param first - Number of the first line to be fetched; those before it are left out.
   */
  constructor(readonly first: number) {}

  /** How many views show it. */
  watchers = 0;

  /** Emitted when lines were added. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get lines(): readonly string[] {
    return this._lines;
  }

  /** Number of the line that is to be fetched next. */
  get next(): number {
    return this.first + this._lines.length;
  }

  /** Add lines that begin at number `since`; those that are here already are passed over. */
  append(since: number, lines: readonly string[]): void {
    const fresh = since <= this.next ? lines.slice(this.next - since) : [];
    if (fresh.length) {
      for (const line of fresh) {
        this._lines.push(line);
      }
      this._changed.emit();
    }
  }

  private readonly _lines: string[] = [];
  private readonly _changed = new Signal<this, void>(this);
}
