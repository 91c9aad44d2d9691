import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IDevboxActions, IDevboxModel } from '../tokens';
import { CellOutput, MIME } from '../view/cell';
import { DOMAIN } from './domain';

/** Before the widgets of ipywidgets (-10), which are dead once the page was loaded again. */
const RANK = -20;

/** The end of `%containerize` in a cell. */
export const cell: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-devbox:cell',
  description: 'The end of %containerize in a cell, with its buttons.',
  autoStart: true,
  requires: [IDevboxModel, IDevboxActions, IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (
    _,
    model: IDevboxModel,
    actions: IDevboxActions,
    registry: IRenderMimeRegistry,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    registry.addFactory(
      {
        safe: true,
        mimeTypes: [MIME],
        createRenderer: () => new CellOutput(model, actions, trans)
      },
      RANK
    );
  }
};
