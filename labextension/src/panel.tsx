import type { ITranslator } from '@jupyterlab/translation';
import { LabIcon, ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

/** The extension's own icon: a box. */
export const devboxIcon = new LabIcon({
  name: 'jupyter-devbox:box',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
    '<path class="jp-icon3" fill="#616161" d="M12 2 3 7v10l9 5 9-5V7zm0 2.3L18.2 8 12 11.3 5.8 8zM5 9.6l6 3.3v6.3l-6-3.4zm8 9.6v-6.3l6-3.3v6.2z"/></svg>'
});

/** The side bar's panel. */
export class DevboxPanel extends ReactWidget {
  constructor(translator: ITranslator) {
    super();
    const trans = translator.load('jupyter_devbox');
    this._empty = trans.__('Open a notebook to see what it uses.');
    this.id = 'jupyter-devbox-panel';
    this.title.icon = devboxIcon;
    this.title.caption = trans.__('Devbox');
    this.addClass('jp-Devbox-panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Devbox'));
  }

  protected override render(): React.ReactElement {
    return <p>{this._empty}</p>;
  }

  private readonly _empty: string;
}
