import { type Answer, type CallOptions, ApiError, addressOf, errorFrom, networkError, parse, prepare } from './client';

export interface UploadProgress {
  sentBytes: number;
  totalBytes: number;
}

/** Sends a body (`raw`: bytes as they are) while reporting how much of it has left this machine (`fetch` cannot say). Raises ApiError as `call` does. */
export function upload<T>(path: string, options: CallOptions & { raw?: Blob; onProgress?: (progress: UploadProgress) => void }): Promise<Answer<T>> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const { headers, body } = prepare('POST', options);
    request.open('POST', addressOf(path, options.query));
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => options.onProgress?.({ sentBytes: event.loaded, totalBytes: event.total });
    request.onerror = () => reject(networkError());
    request.onabort = () => reject(new ApiError('The upload was stopped. Nothing was added.', 0, 'stopped', {}, null));
    request.onload = () => {
      const parsed = parse(request.responseText);
      if (request.status >= 400) reject(errorFrom(request.status, parsed));
      else resolve({ status: request.status, body: parsed as T, headers: new Headers() });
    };
    options.signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(options.raw ?? (body as XMLHttpRequestBodyInit | null));
  });
}
