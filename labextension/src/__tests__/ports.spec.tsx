import { act, screen } from '@testing-library/react';
import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { IStage, aNotebook, stage } from '../../test/lab';
import { AnswersApi, refusal } from '../../test/server';
import { DevboxActions } from '../actions/actions';
import { CHANGED_EVENT } from '../api/answers';
import { addressesOf } from '../model/address';
import { DevboxPanel } from '../view/panel';

const settle = () => act(async () => void (await new Promise(resolve => setTimeout(resolve, 20))));

let scene: IStage;
afterEach(() => {
  scene?.model.dispose();
  document.body.replaceChildren();
});

async function opened(state: string, api = new AnswersApi(state)): Promise<void> {
  scene = await stage(state, aNotebook(), api);
  const panel = new DevboxPanel(scene, nullTranslator);
  await act(async () => Widget.attach(panel, document.body));
  await settle();
  await act(async () => screen.getByRole('button', { name: /^Ports/ }).click());
  await settle();
}

const section = () => document.querySelector('#jupyter-devbox-ports') as HTMLElement;
const links = () =>
  [...section().querySelectorAll('a')].map(link => [link.getAttribute('aria-label'), link.href]);

describe('the ports', () => {
  it("are those of the notebook's box first, each with a link that Lab's cookies do not follow", async () => {
    await opened('box');
    expect([...section().querySelectorAll('.jp-Devbox-name')].map(e => e.textContent)).toEqual([
      'Port 5432',
      'TensorBoard',
      'Port 6006'
    ]);
    expect(section().textContent).toContain("a program of another user's · not forwarded");
    expect(section().textContent).toContain('tensorboard · port 6006');
    expect(section().textContent).toContain('server.py · here 40123');
    expect(links()).toEqual([
      ['Open TensorBoard', 'http://127.0.0.1:6006/'],
      ['Open TensorBoard through Lab', 'http://localhost/proxy/6006/'],
      ['Open Port 6006', 'http://127.0.0.1:40123/'],
      ['Open Port 6006 through Lab', 'http://localhost/proxy/40123/']
    ]);
    expect([...section().querySelectorAll('a')].every(a => a.rel === 'noopener noreferrer')).toBe(
      true
    );
    expect(screen.queryByRole('button', { name: /^Start TensorBoard/ })).toBeNull();
    await act(async () =>
      screen.getByRole('button', { name: 'Copy the command that forwards port 5432' }).click()
    );
    expect(scene.actions.copy).toHaveBeenCalledWith('jupyter devbox ports --open 5432');
  });

  it('offer TensorBoard where nothing listens, and say that it is on its way', async () => {
    const api = new AnswersApi('box');
    const { boxes } = await api.ports();
    api.ports = async () => ({ boxes: [{ ...boxes[0], ports: [] }], proxied: true });
    await opened('box', api);
    expect(section().textContent).toContain('Nothing in this box is listening.');
    let done: () => void = () => undefined;
    scene.actions.startTensorboard.mockReturnValue(new Promise(resolve => (done = resolve)));
    const button = screen.getByRole('button', { name: 'Start TensorBoard on runs/' });
    await act(async () => button.click());
    expect(screen.getByRole('status').textContent).toBe('Starting TensorBoard…');
    await act(async () => button.click());
    expect(scene.actions.startTensorboard).toHaveBeenCalledTimes(1);
    await act(async () => done());
    expect(screen.queryByRole('status')).toBeNull();
  });

  it('say what they are for where no kernel runs in a box', async () => {
    const api = new AnswersApi('fresh');
    api.ports = async () => ({ boxes: [], proxied: true });
    await opened('fresh', api);
    expect(section().textContent).toBe('Ports appear here when the notebook runs in a box.');
  });

  it('are asked for again when the server says so, and drawn in parts', async () => {
    const api = new AnswersApi('box');
    await opened('box', api);
    const { boxes } = await api.ports();
    const [known] = boxes[1].ports;
    const many = Array.from({ length: 256 }, (_, n) => ({ ...known, port: n + 1 }));
    api.ports = async () => ({ boxes: [{ ...boxes[0], ports: many }], proxied: false });
    scene.services.events.stream.emit({ schema_id: CHANGED_EVENT, what: 'ports' });
    await settle();
    expect(section().querySelectorAll('.jp-Devbox-item')).toHaveLength(20);
    expect(links()).toHaveLength(20);
    await act(async () => screen.getByRole('button', { name: 'Show 236 more' }).click());
    expect(section().querySelectorAll('.jp-Devbox-item')).toHaveLength(256);
  });

  it('show a name of a box as text', async () => {
    const api = new AnswersApi('box');
    const { boxes } = await api.ports();
    const evil = { ...boxes[0].ports[1], process: '<img src=x>', label: '<b>x</b>' };
    api.ports = async () => ({ boxes: [{ ...boxes[0], ports: [evil] }], proxied: true });
    await opened('box', api);
    expect(section().querySelector('img, b')).toBeNull();
  });
});

describe('starting TensorBoard', () => {
  it('asks the server for the notebook in front, and shows what stands in the way', async () => {
    scene = await stage('box');
    const actions = new DevboxActions({} as never, scene.model, scene.trans);
    await actions.startTensorboard();
    expect(scene.api.sent).toContainEqual(['tensorboard', 'digits/train.ipynb']);
    scene.api.errors.set('tensorboard', refusal(409, 'box_program', 'The box has no TensorBoard'));
    const error = jest.spyOn(Notification, 'error').mockReturnValue('');
    await actions.startTensorboard();
    expect(error).toHaveBeenCalledWith('The box has no TensorBoard');
    error.mockRestore();
  });
});

describe("a port's address", () => {
  const place = { hostname: 'localhost', baseUrl: 'http://x/b/', hub: false, proxied: true };
  const proxy = 'http://x/b/proxy/80/';

  it.each([
    [{}, 'http://127.0.0.1:80/', proxy],
    [{ hostname: '127.0.0.1' }, 'http://localhost:80/', proxy],
    [{ hostname: '[::1]' }, 'http://127.0.0.1:80/', proxy],
    [{ proxied: false }, 'http://127.0.0.1:80/', null],
    [{ hostname: 'lab.example' }, proxy, null],
    [{ hostname: 'lab.example', proxied: false }, null, null],
    [{ hub: true }, proxy, null]
  ])('depends on where Lab is: %j', (given, link, through) => {
    expect(addressesOf(80, { ...place, ...given })).toEqual({ link, proxy: through });
  });
});
