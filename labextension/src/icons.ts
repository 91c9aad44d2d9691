import { LabIcon } from '@jupyterlab/ui-components';

/** Return an icon of lines in the colour of its text. */
function lines(name: string, shapes: string): LabIcon {
  return new LabIcon({
    name: `jupyter-devbox:${name}`,
    svgstr:
      '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16" fill="none" ' +
      'stroke="currentColor" stroke-width="1.6" stroke-linecap="round" ' +
      `stroke-linejoin="round">${shapes}</svg>`
  });
}

/** The extension's own mark: a box. The side bar colours it by `jp-icon3`. */
export const boxIcon = new LabIcon({
  name: 'jupyter-devbox:box',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
    '<path class="jp-icon3" fill="#616161" d="M12 2 3 7v10l9 5 9-5V7zm0 2.3L18.2 7.7 12 11.2 ' +
    '5.8 7.7zM5 9.5l6 3.4v6.2l-6-3.3zm8 9.6v-6.2l6-3.4v6.3z"/></svg>'
});

export const okIcon = lines('ok', '<path d="M3 8.5l3.2 3.2L13 5"/>');
export const warnIcon = lines(
  'warn',
  '<path d="M8 2.2L14.2 13H1.8z"/><path d="M8 6.3v3.2M8 11.3v.01"/>'
);
export const failIcon = lines(
  'fail',
  '<circle cx="8" cy="8" r="6"/><path d="M6 6l4 4M10 6l-4 4"/>'
);
export const runIcon = lines('run', '<path d="M8 2a6 6 0 1 1-5.2 3"/>');
export const waitIcon = lines('wait', '<circle cx="8" cy="8" r="4.5"/>');
export const backIcon = lines('back', '<path d="M10 3L5 8l5 5"/>');
export const copyIcon = lines(
  'copy',
  '<rect x="5.5" y="5.5" width="8" height="8" rx="1"/><path d="M10.5 5.5v-3h-8v8h3"/>'
);
export const openIcon = lines(
  'open',
  '<path d="M7 3H3v10h10V9"/><path d="M9.5 2.5h4v4M13 3L7.5 8.5"/>'
);
export const asideIcon = lines('aside', '<path d="M4 4l8 8M12 4l-8 8"/>');
export const stopIcon = lines('stop', '<rect x="4" y="4" width="8" height="8" rx="1"/>');
export const terminalIcon = lines('terminal', '<path d="M2.5 4l4 4-4 4M8 12.5h5.5"/>');
export const foldIcon = lines('fold', '<path d="M6 3.5l5 4.5-5 4.5"/>');
