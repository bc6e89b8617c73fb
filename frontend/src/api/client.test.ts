import { describe, expect, test } from 'vitest';
import { addressOf, errorFrom } from './client';
import { mediaAddress, thumbnailAddress } from './addresses';

describe('addresses', () => {
  test('leave out what is not set', () => {
    expect(new URL(addressOf('api/tasks/', { project: 1, query: undefined, view: '' })).search).toBe('?project=1');
  });

  test('of uploaded files stand under the mount point, others as they are', () => {
    expect(new URL(mediaAddress('/data/upload/1/a.jpg')).pathname).toBe('/data/upload/1/a.jpg');
    expect(mediaAddress('https://example.com/a.jpg')).toBe('https://example.com/a.jpg');
    expect(thumbnailAddress('/data/upload/3/b c.jpg')).toMatch(/\/data\/thumbnail\/3\/b%20c\.jpg$/);
    expect(thumbnailAddress('/api/storages/items/3/b%20c.jpg')).toMatch(/\/api\/storages\/items\/3\/b%20c\.jpg\?thumbnail=320$/);
    expect(thumbnailAddress('https://example.com/a.jpg')).toBeUndefined();
  });
});

describe('a refused request', () => {
  test('speaks in the words of the field that is wrong', () => {
    const error = errorFrom(400, { detail: 'Validation error', code: 'title-short', validation_errors: { title: ['At least 3 characters.'] } });
    expect(error).toMatchObject({ message: 'At least 3 characters.', code: 'title-short', status: 400, fields: { title: ['At least 3 characters.'] } });
  });

  test('of a proxy that answers HTML still becomes a sentence', () => {
    expect(errorFrom(502, '<html>Bad gateway</html>').message).toMatch(/server failed/i);
    expect(errorFrom(413, '').message).toMatch(/more than the server takes/);
  });
});
