/**
 * Where this server is mounted. Every page carries a <base> that the server wrote for this very request,
 * since only the browser knows the prefix that a proxy put in front. Read once: nothing here follows navigation.
 */
export const base: URL = new URL('.', document.baseURI);

/** The absolute address of a path of ours; a leading slash means "from the mount point". */
export function address(path: string): string {
  return new URL(path.replace(/^\/+/, ''), base).href;
}

/** The address of a value found in task data: ours (`/data/…`) under the mount point, any other as it stands. */
export function mediaAddress(value: string): string {
  return value.startsWith('/') && !value.startsWith('//') ? address(value) : new URL(value, base).href;
}

const UPLOAD = /^\/data\/upload\/(\d+)\/(.+)$/;
/** What stands in task data for a file of a source. */
const OF_SOURCE = /^\/api\/storages\/items\/\d+\/./;
const OF_REPO = /^\/api\/repos\/\d+\/files\/./;
const THUMBNAIL_PX = 320;

/** The address of a small picture (at most 320 px) for an uploaded file or one of a source, or undefined for anything else. */
export function thumbnailAddress(value: string): string | undefined {
  if (OF_SOURCE.test(value)) return address(`${value}?thumbnail=${THUMBNAIL_PX}`);
  const found = UPLOAD.exec(value);
  return found ? address(`data/thumbnail/${found[1]}/${found[2]}`) : undefined;
}

/** Whether a browser can ask for what a value in task data names: an address on the web or of a file of ours. */
export const isMedia = (value: string): boolean => /^(https?:|\/data\/)/.test(value) || OF_SOURCE.test(value) || OF_REPO.test(value);
