import { expect, test } from 'vitest';
import type { AuditEntry } from '../../api/types';
import { sentenceOf } from './words';

const names = { people: new Map([[7, { first_name: 'Jun', last_name: 'Tan', email: 'jun@example.com' }]]), projects: new Map([[4, 'Street']]) };
const told = (action: string, subject: string, detail: AuditEntry['detail'] = {}) => sentenceOf({ id: 1, at: '', actor_id: 1, actor: 'ada@example.com', action, subject, workspace_id: 1, workspace: 'main', outcome: 'done', detail }, names);

test('a line of the log reads as a sentence', () => {
  expect(told('role.granted', 'user:7', { role: 'editor', before: 'viewer' })).toBe('made Jun Tan an editor, who was a viewer');
  expect(told('role.granted', 'user:7', { role: 'reviewer', project: 3 })).toBe('made Jun Tan a reviewer in project 3');
  expect(told('role.granted', 'user:7', { role: 'reviewer', project: 4 })).toBe('made Jun Tan a reviewer in “Street”');
  expect(told('role.removed', 'user:9', { before: 'owner' })).toBe('removed user 9, who was an owner');
  expect(told('invitation.created', 'invitation:2', { role: 'annotator', email: null })).toBe('invited whoever has the link as an annotator');
  expect(told('s3-key.revoked', 's3-key:4', { name: 'laptop', owner: 7 })).toBe('revoked an S3 key “laptop” of Jun Tan');
  expect(told('token.revoked', 'token:4', { name: 'cron', owner: 1 })).toBe('revoked a token “cron”');
  expect(told('access.refused', 'You may not.', { path: '/api/audit-log', method: 'GET' })).toBe('was refused GET /api/audit-log');
});

test('an act that the page does not know still reads', () => {
  expect(told('tasks.deleted', 'project:3', { count: 12 })).toBe('deleted 12 tasks of project 3');
  expect(told('tasks.deleted', 'project:4', { count: 1 })).toBe('deleted 1 task of “Street”');
  expect(told('project.restored', 'project:3', { title: 'Garage' })).toBe('restored project “Garage”');
});
