import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { Api } from '../api/requests';
import { DevboxModel } from '../model/model';
import { IDevboxModel } from '../tokens';

/** Knows the notebook in front, its builds, boxes and images. All else is drawn from it. */
export const model: JupyterFrontEndPlugin<IDevboxModel> = {
  id: 'jupyter-devbox:model',
  description: 'Knows the notebook in front, its builds, boxes and images.',
  autoStart: true,
  optional: [INotebookTracker],
  provides: IDevboxModel,
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker | null) => {
    const { serviceManager } = app;
    return new DevboxModel(new Api(serviceManager.serverSettings), serviceManager, tracker);
  }
};
