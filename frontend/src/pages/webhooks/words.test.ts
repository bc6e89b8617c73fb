import { expect, test } from 'vitest';
import type { Webhook } from '../../api/webhooks';
import { headerLines, headersIn, offered, placeOf, stateOf, subjectOf } from './words';

const hook: Webhook = { id: 1, project: 3, workspace: 1, url: 'https://a.example/h?key=secret', send_payload: true, send_for_all_actions: true, actions: [], headers: {}, is_active: true, created_at: '', updated_at: '', consecutive_failures: 0, failing_since: null, rests_until: null, waiting: 0, problem: '' };

test('the headers of a form are read line by line, and a line that is none is named', () => {
  const headers = { 'X-Key': 'a: b', Authorization: 'Bearer c' };
  expect(headersIn(headerLines(headers))).toEqual({ headers });
  expect(headersIn('X-Key: a\n\nnonsense').wrong).toContain('nonsense');
});

test('a list shows where a webhook leads without what is secret, and how it fares', () => {
  expect(placeOf(hook.url)).toBe('a.example/h');
  expect(stateOf(hook).word).toBe('on');
  expect(stateOf({ ...hook, waiting: 3, failing_since: '2026-11-22T00:00:00Z' }).tone).toBe('warn');
  expect(stateOf({ ...hook, is_active: false, problem: 'Nothing was taken.' }).tone).toBe('bad');
  expect(subjectOf({ ...hook, send_for_all_actions: false, actions: ['TASKS_CREATED'], send_payload: false })).toBe('1 kind of event, by name alone');
});

test('a project is offered what projects are told of, and what was chosen elsewhere', () => {
  const action = { name: 'n', key: 'k', 'organization-only': false };
  const actions = { PROJECT_CREATED: { ...action, 'organization-only': true }, TASKS_CREATED: action, LABEL_LINK_CREATED: action };
  expect(offered(actions, true, []).map(([id]) => id)).toEqual(['TASKS_CREATED']);
  expect(offered(actions, false, ['LABEL_LINK_CREATED']).map(([id]) => id)).toEqual(['PROJECT_CREATED', 'TASKS_CREATED', 'LABEL_LINK_CREATED']);
});
