import { expect, test } from 'vitest';
import { ApiError } from '../../api/client';
import { mount } from '../../test-screens';
import { ImportProgress } from './import-progress';

test('an import whose end nobody saw is not said to have added nothing', async () => {
  const { show, host } = mount();
  for (const code of ['job-lost', 'unanswered']) {
    await show(<ImportProgress state={{ is: 'failed', error: new ApiError('The connection was lost.', 0, code, {}, null) }} />);
    expect(host.textContent).toContain('It is not known yet what was added.');
    expect(host.textContent).not.toContain('Nothing was added');
  }
  await show(<ImportProgress state={{ is: 'failed', error: new ApiError('It was stopped.', 0, 'stopped', {}, null) }} />);
  expect(host.textContent).toBe('Nothing was added. It was stopped.');
});
