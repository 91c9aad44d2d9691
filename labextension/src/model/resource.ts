import { ISignal, Signal } from '@lumino/signaling';

import type { IProblem } from '../api/answers';
import { problemOf } from '../api/requests';

/** Something that the server is asked for when it is looked at, and again when it has changed. */
export class Resource<T> {
  constructor(private readonly _ask: () => Promise<T>) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The last answer; it stays while a newer one is waited for. */
  get value(): T | undefined {
    return this._value;
  }

  /** Why there is no newer answer. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** Keep it fresh until the returned function is called. */
  watch(): () => void {
    this._watchers += 1;
    this.wake();
    return () => {
      this._watchers -= 1;
    };
  }

  /** Say that the answer is old: it is asked for at once if somebody looks, else later. */
  expire(): void {
    this._stale = true;
    this.wake();
  }

  /** Ask if the answer is old and somebody looks. */
  wake(): void {
    if (this._stale && this._watchers > 0 && !document.hidden) {
      void this.refresh();
    }
  }

  /** Ask now. While an answer is on its way, once more after it. */
  async refresh(): Promise<void> {
    this._stale = true;
    if (this._busy) {
      return this._busy;
    }
    this._busy = this._load();
    try {
      await this._busy;
    } finally {
      this._busy = null;
    }
  }

  private async _load(): Promise<void> {
    while (this._stale) {
      this._stale = false;
      try {
        this._value = await this._ask();
        this._problem = null;
      } catch (error) {
        this._problem = problemOf(error);
      }
      this._changed.emit();
    }
  }

  private _value: T | undefined = undefined;
  private _problem: IProblem | null = null;
  private _stale = true;
  private _watchers = 0;
  private _busy: Promise<void> | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
