import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createToken, tokensQuery } from '../../api/tokens';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { elsewhereWrong, Field, Notice, wrongWith } from '../../ui/parts';

const LIVES: ReadonlyArray<readonly [days: number, words: string]> = [[30, '30 days'], [90, '90 days'], [365, 'a year'], [0, 'until it is revoked']];

/** Makes a token and shows its secret, this once. */
export function NewToken({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [days, setDays] = useState(90);
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: () => createToken({ name: name.trim(), ...(days ? { expires_in_days: days } : {}) }),
    onSuccess: () => client.invalidateQueries(tokensQuery),
  });
  if (create.data) return <Secret name={create.data.name} secret={create.data.token} onClose={onClose} />;
  const wrong = elsewhereWrong(create.error, ['name', 'expires_in_days']);
  const foot = (
    <>
      <button type="button" className="btn ghost" onClick={onClose}>Cancel</button>
      <button type="submit" form="new-token" className="btn primary" disabled={!name.trim() || create.isPending}>Create token</button>
    </>
  );
  return (
    <Dialog title="New token" onClose={onClose} foot={foot}>
      <form id="new-token" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
        <Field label="Name" hint="What will use it, so that you know which one to revoke" wrong={wrongWith(create.error, 'name')}>
          {(wiring) => <input {...wiring} className="input" value={name} onChange={(event) => setName(event.target.value)} maxLength={80} autoFocus />}
        </Field>
        <Field label="Works for" wrong={wrongWith(create.error, 'expires_in_days')}>
          {(wiring) => <select {...wiring} className="input" value={days} onChange={(event) => setDays(Number(event.target.value))}>{LIVES.map(([each, words]) => <option key={each} value={each}>{words}</option>)}</select>}
        </Field>
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
      </form>
    </Dialog>
  );
}

function Secret({ name, secret, onClose }: { name: string; secret: string; onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard?.writeText(secret).then(() => setCopied(true));
  return (
    <Dialog title={`Token “${name}”`} stays onClose={onClose} foot={<button type="button" className="btn primary" onClick={onClose}>I have kept it</button>}>
      <Notice tone="warn">Copy it now: it is shown this once, and nobody can look it up later.</Notice>
      <div className="row secret">
        <input className="input mono-input" readOnly value={secret} aria-label="The token" onFocus={(event) => event.target.select()} autoFocus />
        {'clipboard' in navigator && <button type="button" className="btn" onClick={copy}><Icon name={copied ? 'check' : 'copy'} />{copied ? 'Copied' : 'Copy'}</button>}
      </div>
      <span className="unseen" role="status">{copied ? 'The token is copied.' : ''}</span>
    </Dialog>
  );
}
