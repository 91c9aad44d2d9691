import { nullTranslator } from '@jupyterlab/translation';
import { act, screen } from '@testing-library/react';
import { Widget } from '@lumino/widgets';

import { DevboxPanel } from '../panel';

describe('DevboxPanel', () => {
  it('says what to do while no notebook is open', async () => {
    const panel = new DevboxPanel(nullTranslator);
    await act(async () => {
      Widget.attach(panel, document.body);
      await panel.renderPromise;
    });
    const region = screen.getByRole('region', { name: 'Devbox' });
    expect(region.textContent).toBe('Open a notebook to see what it uses.');
    act(() => panel.dispose());
    expect(screen.queryByRole('region')).toBeNull();
  });
});
