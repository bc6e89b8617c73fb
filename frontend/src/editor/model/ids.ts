import type { RegionId } from './types';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

/** Ten random characters of 64, as Label Studio's editor gives to a region. */
export function newRegionId(): RegionId {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return Array.from(bytes, (byte) => ALPHABET[byte & 63]).join('');
}
