import { IStage, stage } from '../../test/lab';
import { facts } from '../../test/server';
import type { INotebookFacts } from '../api/answers';

describe('what is known of the notebook', () => {
  let open: IStage;
  let answers: ((value: INotebookFacts) => void)[];

  beforeEach(async () => {
    open = await stage('ready');
    answers = [];
    open.api.notebook = () => new Promise(resolve => answers.push(resolve));
  });

  afterEach(() => open.model.dispose());

  it('is the newest answer that has come, where a newer one is on its way', async () => {
    const first = open.model.refresh();
    const second = open.model.refresh();
    answers[0](facts('box'));
    await first;
    expect(open.model.state.kind).toBe('box');
    answers[1](facts('drift'));
    await second;
    expect(open.model.state.kind).toBe('drift');
  });

  it('is no answer that was overtaken', async () => {
    const first = open.model.refresh();
    const second = open.model.refresh();
    answers[1](facts('drift'));
    answers[0](facts('box'));
    await Promise.all([first, second]);
    expect(open.model.state.kind).toBe('drift');
  });

  it('is no answer about the kernel before', async () => {
    const asked = open.model.refresh();
    (open.panel!.sessionContext.kernelChanged as unknown as { emit(_: unknown): void }).emit(null);
    answers[0](facts('box'));
    await asked;
    expect(open.model.state.kind).toBe('ready');
  });
});
