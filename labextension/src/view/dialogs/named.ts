import { Dialog } from '@jupyterlab/apputils';

/** Show a dialog under the name of its title, which Lab gives to those with plain text alone. */
export function showNamed<T>(
  title: string,
  options: Partial<Dialog.IOptions<T>>
): Promise<Dialog.IResult<T>> {
  const dialog = new Dialog({ title, ...options });
  dialog.node.setAttribute('aria-label', title);
  return dialog.launch();
}
