import { useEffect, useState } from 'react';
import { t } from '../../i18n/words.ts';
import { Icon } from '../../ui/icon.tsx';
import type { EditorConfig } from '../../editor/model/config/config.ts';
import type { KeyMap } from '../../editor/model/tools/keymap.ts';
import { showKey } from '../../editor/model/tools/keys.ts';
import { tip } from '../../editor/ui/tool-strip.tsx';
import type { Labelling, OpenTask } from './labelling.ts';
import { wordsOfChange } from './source-change.ts';
import { usePart } from './use-part.ts';

interface Notice {
  readonly id: string;
  readonly text: string;
  readonly tone: 'warn' | 'plain';
  /** Goes by itself. */
  readonly isBrief?: boolean;
  readonly act?: { readonly words: string; readonly tip: string; readonly run: () => void };
}

/** What the page cannot do, has changed or has brought back. Each can be put away. */
export function Notices({ labelling, open, keyMap, onThen }: { labelling: Labelling; open: OpenTask; keyMap: KeyMap; onThen: () => void }) {
  const isElsewhere = usePart(labelling, 'isElsewhere');
  const [away, setAway] = useState<ReadonlySet<string>>(new Set());
  const all = [...changeNotices(open, keyMap, onThen), ...configNotices(open.editor.config, keyMap), ...taskNotices(open), ...(isElsewhere ? [elsewhere(open)] : [])];
  const notices = all.filter((notice) => !away.has(notice.id));
  const putAway = (id: string): void => setAway((old) => new Set(old).add(id));
  return notices.map((notice) => <Line key={notice.id} notice={notice} onClose={() => putAway(notice.id)} />);
}

/** Why the last act did nothing. Said for a moment. */
export function Refusal({ labelling }: { labelling: Labelling }) {
  const refusal = usePart(labelling, 'refusal');
  if (!refusal) return null;
  const notice: Notice = { id: String(refusal.count), text: refusal.text, tone: 'plain', isBrief: true };
  return <Line key={refusal.count} notice={notice} onClose={() => labelling.refuse(null)} />;
}

function Line({ notice, onClose }: { notice: Notice; onClose: () => void }) {
  useEffect(() => {
    if (!notice.isBrief) return undefined;
    const timer = setTimeout(onClose, 6000);
    return () => clearTimeout(timer);
    // onClose changes with every drawing; the time runs once.
  }, [notice.id]);
  return (
    <div className={`corner note ${notice.tone}`} role="status" data-testid="notice">
      <Icon name={notice.tone === 'warn' ? 'warn' : 'note'} />
      <span>{notice.text}</span>
      {notice.act && <button type="button" className="btn small nowrap note-act" title={notice.act.tip} onClick={notice.act.run}>{notice.act.words}</button>}
      <button type="button" className="btn ghost icon small" aria-label={t('Put away')} onClick={onClose}><Icon name="close" /></button>
    </div>
  );
}

/** Labels of another picture than the one they lie on now. */
function changeNotices({ task, opening, changed }: OpenTask, keyMap: KeyMap, onThen: () => void): Notice[] {
  if (!changed) return [];
  const act = { words: t('See the old one'), tip: tip(t('The picture as it was labelled'), keyMap, 'page.then'), run: onThen };
  const text = wordsOfChange(changed, opening.annotation !== null && !opening.wasSkipped);
  return [{ id: `changed-${task.id}`, tone: 'warn', text, ...(changed.then !== null && { act }) }];
}

function configNotices(config: EditorConfig, keyMap: KeyMap): Notice[] {
  const notices: Notice[] = [];
  if (config.unsupported.length > 0) {
    const tags = config.unsupported.map(({ tag, line }) => t('{tag} (line {line})', { tag, line })).join(', ');
    const text = t('This page cannot draw {tags} of the label config yet. Its results are kept untouched.', { tags });
    notices.push({ id: 'unsupported', tone: 'warn', text });
  }
  const moved = keyMap.moved.filter((item) => item.got !== null);
  if (moved.length > 0) {
    const keys = moved.map((item) => t('{shown} is {got} instead of {wanted}', { shown: item.shown, got: showKey(item.got!), wanted: item.wanted })).join(', ');
    notices.push({ id: 'moved', tone: 'plain', text: t('Keys of the config that were taken have moved: {keys}.', { keys }) });
  }
  return notices;
}

function taskNotices({ task, opening }: OpenTask): Notice[] {
  const notices: Notice[] = [];
  const about = (id: string, text: string): void => void notices.push({ id: `${id}-${task.id}`, tone: 'plain', text, isBrief: true });
  if (opening.isRestored) about('restored', t('Your work from before is back. It had not reached the server.'));
  else if (opening.wasSkipped) about('skipped', t('You skipped this task. Submit it to take the skip back.'));
  return notices;
}

function elsewhere({ task }: OpenTask): Notice {
  const text = t('This task is open in another tab too. Work in one of them: what is saved last counts.');
  return { id: `elsewhere-${task.id}`, tone: 'warn', text };
}
