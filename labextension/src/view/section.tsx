import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import React from 'react';

import { IView, ViewProvider } from './context';
import type { ISection } from './sections';

/** One section of the panel: drawn while it can be seen. */
export class SectionWidget extends ReactWidget {
  constructor(
    private readonly _section: ISection,
    private readonly _view: IView
  ) {
    super();
    const { model, trans } = _view;
    this.id = `jupyter-devbox-${_section.id}`;
    this.addClass('jp-Devbox-sectionWidget');
    this.title.label = _section.title(trans);
    this.summary.className = 'jp-Devbox-summary';
    const signals = [model.changed, ...(_section.signals?.(model) ?? [])];
    signals.forEach(signal => signal.connect(this._onChanged, this));
    this._onChanged();
  }

  /** Stands in the section's title. */
  readonly summary = document.createElement('span');

  override dispose(): void {
    if (!this.isDisposed) {
      Signal.clearData(this);
      super.dispose();
    }
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._drawn.emit();
  }

  protected override onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._drawn.emit();
  }

  protected override render(): React.ReactElement {
    return (
      <ViewProvider view={this._view} signal={this._drawn}>
        {() => (this.isVisible ? this._section.body() : null)}
      </ViewProvider>
    );
  }

  private _onChanged(): void {
    const { model, trans } = this._view;
    const text = this._section.summary?.(model, trans) ?? '';
    if (this.summary.textContent !== text) {
      this.summary.textContent = text;
    }
    if (this.isVisible) {
      this._drawn.emit();
    }
  }

  private readonly _drawn = new Signal<this, void>(this);
}
