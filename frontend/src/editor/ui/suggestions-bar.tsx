import { rich } from '../../i18n/rich.tsx';
import { plural, t } from '../../i18n/words.ts';
import { Icon } from '../../ui/icon.tsx';
import type { Editor } from '../model/editor.ts';
import type { KeyMap } from '../model/tools/keymap.ts';
import { showKey } from '../model/tools/keys.ts';
import { isUnnamed } from '../model/unnamed.ts';
import { keepFocus } from './keep-focus.ts';
import { useEditor } from './use-editor.ts';

/** What predictions propose and nobody has accepted yet; what a model answers to what one draws stands by itself. */
export function SuggestionsBar({ editor, keyMap, model }: { editor: Editor; keyMap: KeyMap; model: string | null }) {
  const count = useEditor(editor, countSuggestions);
  const unnamed = useEditor(editor, countUnnamed);
  if (count === 0) return null;
  const key = keyMap.keysOf('suggestions.accept-all')[0];
  return (
    <div className="corner suggestions" role="group" aria-label={t('Suggestions')} data-testid="suggestions">
      <span className="two cut">
        {model
          ? rich('{suggestions} from <b>{model}</b>', { suggestions: shownCount(count), model, b: (words) => <b>{words}</b> })
          : shownCount(count)}
        {unnamed > 0 && <span data-testid="unnamed">, {unnamed === count ? t('without a label: press a label’s key') : t('{n} without a label: press a label’s key', { n: unnamed })}</span>}
      </span>
      {unnamed < count && (
        <button type="button" className="btn" data-testid="accept-all" {...keepFocus} onClick={() => editor.acceptAll()}>
          {t('Accept all')} {key && <kbd className="wide">{showKey(key)}</kbd>}
        </button>
      )}
      <button type="button" className="btn ghost" aria-label={t('Dismiss suggestions')} {...keepFocus} onClick={() => editor.dismissSuggestions()}>
        <span className="wide">{t('Dismiss@@suggestions')}</span><span className="slim"><Icon name="close" /></span>
      </button>
    </div>
  );
}

const shownCount = (count: number): string => plural(count, '{n} suggestion', '{n} suggestions');

function countSuggestions(editor: Editor): number {
  let count = 0;
  for (const region of editor.store.all()) if (region.suggested && !region.exchange) count += 1;
  for (const answer of editor.store.answers().values()) if (answer.suggested && !answer.exchange) count += 1;
  return count;
}

function countUnnamed(editor: Editor): number {
  let count = 0;
  for (const region of editor.store.all()) if (!region.exchange && isUnnamed(editor.config, region)) count += 1;
  return count;
}
