import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { sessionQuery } from '../../api/session';
import { createToken, tokensQuery } from '../../api/tokens';
import { t } from '../../i18n/words';
import { Dialog } from '../../ui/dialog';
import { elsewhereWrong, Notice } from '../../ui/parts';
import { FRESH, TokenForm, TokenSecret } from './token-form';

/** Makes a token and shows its secret, this once. */
export function NewToken({ onClose }: { onClose: () => void }) {
  const { workspaces } = useSuspenseQuery(sessionQuery).data;
  const [wanted, setWanted] = useState(FRESH);
  const client = useQueryClient();
  const { name, days, scope, workspace } = wanted;
  const create = useMutation({
    mutationFn: () => createToken({ name: name.trim(), scope, ...(days ? { expires_in_days: days } : {}), ...(workspace ? { workspace } : {}) }),
    onSuccess: () => client.invalidateQueries(tokensQuery),
  });
  if (create.data) return <TokenSecret token={create.data} onClose={onClose} />;
  const wrong = elsewhereWrong(create.error, ['name', 'expires_in_days', 'scope', 'workspace']);
  const foot = (
    <>
      <button type="button" className="btn ghost" onClick={onClose}>{t('Cancel')}</button>
      <button type="submit" form="new-token" className="btn primary" disabled={!name.trim() || create.isPending}>{t('Create token')}</button>
    </>
  );
  return (
    <Dialog title={t('New token')} onClose={onClose} foot={foot}>
      <TokenForm id="new-token" error={create.error} workspaces={workspaces} onChange={setWanted} onSubmit={() => create.mutate()} />
      {(scope === 'read' || workspace > 0) && <p className="two">{t('It cannot change your account, nor make or revoke tokens.')}</p>}
      {wrong && <Notice tone="bad" live>{wrong}</Notice>}
    </Dialog>
  );
}
