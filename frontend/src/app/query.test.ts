import { QueryObserver } from '@tanstack/react-query';
import { expect, test } from 'vitest';
import { FreshClient } from './query';

/** A list whose answers come when the test says so, each as the server was when it was asked. */
function slowList(client: FreshClient) {
  const waiting: ((names: string[]) => void)[] = [];
  const observer = new QueryObserver(client, { queryKey: ['accounts'], queryFn: () => new Promise<string[]>((answer) => waiting.push(answer)) });
  const stop = observer.subscribe(() => undefined);
  return { waiting, observer, stop };
}

test('what was asked before a change is asked again after it, though no answer had come', async () => {
  const client = new FreshClient();
  const { waiting, observer, stop } = slowList(client);
  const changed = client.invalidateQueries({ queryKey: ['accounts'] });
  expect(waiting).toHaveLength(2);
  waiting[0]!([]);
  waiting[1]!(['nightly']);
  await changed;
  expect(observer.getCurrentResult().data).toEqual(['nightly']);
  stop();
});

test('who waits for the first answer gets the later one', async () => {
  const client = new FreshClient();
  const { waiting, stop } = slowList(client);
  const first = client.fetchQuery<string[]>({ queryKey: ['accounts'] });
  void client.invalidateQueries();
  waiting[1]!(['nightly']);
  await expect(first).resolves.toEqual(['nightly']);
  stop();
});
