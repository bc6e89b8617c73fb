import { useState } from 'react';
import type { TokenScope } from '../../api/service-accounts';
import type { Token } from '../../api/types';
import { t } from '../../i18n/words';
import { CopyField } from '../../ui/copy-field';
import { Dialog } from '../../ui/dialog';
import { Field, Notice, wrongWith } from '../../ui/parts';

const LIVES: ReadonlyArray<readonly [days: number, words: string]> = [[30, t('30 days')], [90, t('90 days')], [365, t('a year')], [0, t('until it is revoked')]];

export interface WantedToken {
  name: string;
  days: number;
  scope: TokenScope;
  /** 0: every workspace. */
  workspace: number;
}

interface TokenFormProps {
  id: string;
  error: unknown;
  /** The workspaces that it may be held to; none: it belongs to one already. */
  workspaces: ReadonlyArray<{ id: number; title: string }>;
  onChange: (wanted: WantedToken) => void;
  onSubmit: () => void;
}

/** What a new token is called, how long it works, and how little it may. */
export function TokenForm({ id, error, workspaces, onChange, onSubmit }: TokenFormProps) {
  const [wanted, setWanted] = useState<WantedToken>(FRESH);
  const set = (change: Partial<WantedToken>) => {
    setWanted({ ...wanted, ...change });
    onChange({ ...wanted, ...change });
  };
  return (
    <form id={id} className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); onSubmit(); }}>
      <Field label={t('Name')} hint={t('What will use it, so that you know which one to revoke')} wrong={wrongWith(error, 'name')}>
        {(wiring) => <input {...wiring} className="input" value={wanted.name} onChange={(event) => set({ name: event.target.value })} maxLength={80} autoFocus />}
      </Field>
      <Field label={t('May')} wrong={wrongWith(error, 'scope')}>
        {(wiring) => <select {...wiring} className="input" value={wanted.scope} onChange={(event) => set({ scope: event.target.value as TokenScope })}><option value="all">{t('Read and change')}</option><option value="read">{t('Only read')}</option></select>}
      </Field>
      {workspaces.length > 0 && (
        <Field label={t('Reaches')} wrong={wrongWith(error, 'workspace')}>
          {(wiring) => <select {...wiring} className="input" value={wanted.workspace} onChange={(event) => set({ workspace: Number(event.target.value) })}><option value={0}>{t('Every workspace that I see')}</option>{workspaces.map((each) => <option key={each.id} value={each.id}>{t('Only {title}', { title: each.title })}</option>)}</select>}
        </Field>
      )}
      <Field label={t('Works for')} wrong={wrongWith(error, 'expires_in_days')}>
        {(wiring) => <select {...wiring} className="input" value={wanted.days} onChange={(event) => set({ days: Number(event.target.value) })}>{LIVES.map(([each, words]) => <option key={each} value={each}>{words}</option>)}</select>}
      </Field>
    </form>
  );
}

export const FRESH: WantedToken = { name: '', days: 90, scope: 'all', workspace: 0 };

/** The text of a new token, shown this once. */
export const TokenSecret = ({ token, onClose }: { token: Token & { token: string }; onClose: () => void }) => (
  <Dialog title={t('Token “{name}”', { name: token.name })} stays onClose={onClose} foot={<button type="button" className="btn primary" onClick={onClose}>{t('I have kept it')}</button>}>
    <Notice tone="warn">{t('Copy it now: it is shown this once, and nobody can look it up later.')}</Notice>
    <CopyField value={token.token} name={t('The token')} />
  </Dialog>
);

/** What a token may, in a few words; nothing where it may all. */
export const reachOf = (token: Pick<Token, 'scope' | 'workspace'>): string[] => [
  ...(token.scope === 'read' ? [t('only reads')] : []),
  ...(token.workspace ? [t('only {name}', { name: token.workspace.name })] : []),
];
