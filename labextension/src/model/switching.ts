import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';

import type { IDevboxModel } from '../tokens';

/** How long the kernel may take to say how many cells it has run; milliseconds. */
const PATIENCE = 1000;

/** How often to look whether a kernel has been restarted, and for how long; milliseconds. */
const LOOK = 300;
const LONGEST = 20_000;

/**
 * Wait for a kernel that Jupyter restarts by itself, which it does within seconds after a death.
 *
 * Meanwhile it can neither be shut down nor restarted: the server answers both with an error, and
 * leaves two kernels. Where Jupyter has given it up, or takes too long, nothing is waited for.
 */
export async function settled(model: IDevboxModel, panel: NotebookPanel): Promise<void> {
  for (let waited = 0; waited < LONGEST; waited += LOOK) {
    const dead = panel.sessionContext.session?.kernel?.status === 'dead';
    if (model.facts?.kernel?.state !== 'starting' || dead) {
      return;
    }
    await new Promise(resolve => window.setTimeout(resolve, LOOK));
    await model.refresh();
  }
}

/**
 * Return how many of a notebook's cells have run in its kernel, and so left variables there.
 *
 * The counts in the file may be another kernel's, of another day, and this page may have been
 * loaded after the cells were run; so the kernel itself is asked for its counter. One that does
 * not answer is at work, and then at least one cell has run.
 */
export async function cellsRun(panel: NotebookPanel): Promise<number> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel || ['dead', 'starting', 'terminating'].includes(kernel.status)) {
    return 0;
  }
  const counter = await executionCount(kernel);
  const counts = [...(panel.context.model.cells ?? [])].map(
    cell => (cell.sharedModel as { execution_count?: number | null }).execution_count ?? 0
  );
  const run = counts.filter(count => count > 0 && count <= counter).length;
  return counter > 0 ? Math.max(1, run) : 0;
}

/** Return the number of the kernel's last execution; infinite where it does not say in time. */
async function executionCount(kernel: Kernel.IKernelConnection): Promise<number> {
  const future = kernel.requestExecute({ code: '', silent: true, store_history: false });
  let timer = 0;
  const late = new Promise<number>(resolve => {
    timer = window.setTimeout(resolve, PATIENCE, Infinity);
  });
  const answer = future.done.then(
    reply => Number((reply.content as { execution_count?: number }).execution_count ?? 0),
    () => 0
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    window.clearTimeout(timer);
  }
}
