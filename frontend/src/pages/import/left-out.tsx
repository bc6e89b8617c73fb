import { isRecord } from '../../api/client';
import { plural, t } from '../../i18n/words';
import { count } from '../../ui/format';
import { Notice } from '../../ui/parts';

/** One thing of a file that an import could not use, and why. */
export interface LeftOutItem {
  file?: string | null;
  line?: number | null;
  item?: number | string | null;
  reason: string;
}

const MOST_SHOWN = 100;

/** What an import's result left out, with the reasons; nothing where it took everything. */
export function LeftOut({ result }: { result: object }) {
  const { items, total } = leftOutOf(result);
  if (total === 0) return null;
  return (
    <Notice tone="warn">
      <b>{plural(total, '{n} thing could not be used.', '{n} things could not be used.')}</b> {t('The rest is in.')}
      <div className="left-out" role="region" aria-label={t('What was left out')} tabIndex={0}>
        <ul>{items.slice(0, MOST_SHOWN).map((each, index) => <li key={`${index} ${each.reason}`}><span className="mono">{placeOf(each)}</span> {each.reason}</li>)}</ul>
        {total > Math.min(items.length, MOST_SHOWN) && <p>{t('and {n} more', { n: count(total - Math.min(items.length, MOST_SHOWN)) })}</p>}
      </div>
    </Notice>
  );
}

/** The list and the whole number of it, out of a result that may lack either. */
export function leftOutOf(result: object): { items: readonly LeftOutItem[]; total: number } {
  const body = isRecord(result) ? result : {};
  const items = (Array.isArray(body['left_out']) ? body['left_out'] : []).filter((each): each is LeftOutItem => isRecord(each) && typeof each['reason'] === 'string');
  const told = body['left_out_count'];
  return { items, total: typeof told === 'number' ? told : items.length };
}

function placeOf({ file, line, item }: LeftOutItem): string {
  const where = line != null ? t('line {n}', { n: count(line) }) : item != null ? t('item {n}', { n: item }) : '';
  return [file, where].filter(Boolean).join(', ');
}
