/** The project's models as the label page needs them: what their versions are called, and which can be asked while one draws. */

import { t } from '../../i18n/words.ts';
import { NoAnswer, send } from './http.ts';
import type { WireModel } from './wire.ts';

/** What a version calls itself where it has learnt nothing yet. */
const UNTRAINED = 'untrained';

/** Asked once the first task is drawn; nothing of the page waits for it. Where it cannot be told, there are none. */
export async function findModels(projectId: number): Promise<readonly WireModel[]> {
  try {
    const { status, body } = await send({ method: 'GET', path: `api/ml/?project=${projectId}` });
    return status === 200 && Array.isArray(body) ? (body as WireModel[]) : [];
  } catch (error) {
    if (error instanceof NoAnswer) return [];
    throw error;
  }
}

/**
 * How people call the version that a prediction comes from: "Cars 3". What no connected model says stands as it is.
 * Null while the models are not known: nothing is shown that another name would replace.
 */
export function nameOfVersion(models: readonly WireModel[] | null, version: string | null): string | null {
  if (models === null || version === null) return null;
  const [model] = models.filter(({ versions }) => versions?.some(({ name }) => name === version));
  const number = model?.versions?.find(({ name }) => name === version)?.number;
  if (model && number !== undefined) return `${model.title} ${number}`;
  return version === UNTRAINED && models.length === 1 ? t('{title}, untrained', { title: models[0]!.title }) : version;
}
