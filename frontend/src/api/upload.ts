import { t } from '../i18n/words';
import { type Answer, type CallOptions, ApiError, addressOf, errorFrom, networkError, parse, prepare } from './client';

export interface UploadProgress {
  sentBytes: number;
  totalBytes: number;
}

/**
 * Sends a body (`raw`: bytes as they are) while reporting how much of it has left this machine (`fetch` cannot say). Raises ApiError
 * as `call` does; "unanswered" where all was sent and no answer of the server came, so that nobody knows whether it was taken.
 */
export function upload<T>(path: string, options: CallOptions & { raw?: Blob; onProgress?: (progress: UploadProgress) => void }): Promise<Answer<T>> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const { headers, body } = prepare('POST', options);
    let isSent = false;
    request.open('POST', addressOf(path, options.query));
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => options.onProgress?.({ sentBytes: event.loaded, totalBytes: event.total });
    request.upload.onload = () => { isSent = true; };
    request.onerror = () => reject(isSent ? unanswered() : networkError());
    request.onabort = () => reject(isSent ? unanswered() : new ApiError(t('The upload was stopped.'), 0, 'stopped', {}, null));
    request.onload = () => {
      const parsed = parse(request.responseText);
      if (OF_A_PROXY.has(request.status)) reject(unanswered());
      else if (request.status >= 400) reject(errorFrom(request.status, parsed));
      else resolve({ status: request.status, body: parsed as T, headers: new Headers() });
    };
    options.signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(options.raw ?? (body as XMLHttpRequestBodyInit | null));
  });
}

/** Statuses with which a proxy says that the server behind it gave no answer. */
const OF_A_PROXY: ReadonlySet<number> = new Set([502, 504]);

const unanswered = () => new ApiError(t('All was sent, and then the connection was lost.'), 0, 'unanswered', {}, null);

/** Whether what was asked for may be done, or may still be going on, although it raised. */
export const isUncertain = (error: unknown): boolean => error instanceof ApiError && (error.code === 'unanswered' || error.code === 'job-lost');
