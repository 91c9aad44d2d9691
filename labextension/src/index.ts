import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { DevboxPanel } from './panel';

/** Shows the panel in the left side bar. */
const panel: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-devbox:plugin',
  description: 'The panel of jupyter-devbox.',
  autoStart: true,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null) => {
    app.shell.add(new DevboxPanel(translator ?? nullTranslator), 'left', { rank: 700 });
  }
};

export default [panel];
