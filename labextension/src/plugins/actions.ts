import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { DevboxActions } from '../actions/actions';
import { IDevboxActions, IDevboxModel } from '../tokens';
import { DOMAIN } from './domain';

/** What a user can do, for every button, menu and command. */
export const actions: JupyterFrontEndPlugin<IDevboxActions> = {
  id: 'jupyter-devbox:actions',
  description: 'What a user can do with jupyter-devbox, with the questions that it needs.',
  autoStart: true,
  requires: [IDevboxModel],
  optional: [ITranslator],
  provides: IDevboxActions,
  activate: (app: JupyterFrontEnd, model: IDevboxModel, translator: ITranslator | null) =>
    new DevboxActions(app, model, (translator ?? nullTranslator).load(DOMAIN))
};
