import { act } from 'react';
import { expect, test } from 'vitest';
import { mount } from '../../test-screens';
import { EVERYTHING, NOTHING, type Selection } from './selection';
import { useSelection } from './use-selection';

test('a selection is let go as soon as other tasks are asked for, and does not come back with them', async () => {
  let [now, select]: [Selection, (selection: Selection) => void] = [NOTHING, () => undefined];
  function Table({ question }: { question: string }) {
    [now, select] = useSelection(question);
    return null;
  }
  const { show } = mount();
  await show(<Table question="three of them" />);
  await act(async () => select(EVERYTHING));
  await show(<Table question="three of them" />);
  expect(now).toBe(EVERYTHING);
  await show(<Table question="all" />);
  expect(now).toBe(NOTHING);
  await show(<Table question="three of them" />);
  expect(now).toBe(NOTHING);
});
