import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IDevboxActions, IDevboxModel } from '../tokens';
import { DevboxPanel, PANEL_ID } from '../view/panel';
import { DOMAIN } from './domain';

/** Below Lab's own panels of its first screen. */
const RANK = 700;

/** The panel in the left side bar. */
export const panel: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-devbox:panel',
  description: 'The panel in the left side bar.',
  autoStart: true,
  requires: [IDevboxModel, IDevboxActions],
  optional: [ITranslator, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    model: IDevboxModel,
    actions: IDevboxActions,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null
  ) => {
    const words = translator ?? nullTranslator;
    const widget = new DevboxPanel({ model, actions, trans: words.load(DOMAIN) }, words);
    app.shell.add(widget, 'left', { rank: RANK });
    restorer?.add(widget, PANEL_ID);
  }
};
