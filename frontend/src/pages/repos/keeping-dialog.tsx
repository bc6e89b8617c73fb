import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Repo, type Retention, retentionQuery, setRetention } from '../../api/repos';
import { Dialog } from '../../ui/dialog';
import { elsewhereWrong, Failure, Field, Notice, Skeleton, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';

const USUAL_DAYS = 90;

/** How long commits stay that no branch stands at. */
export function KeepingDialog({ repo, onClose }: { repo: Repo; onClose: () => void }) {
  const kept = useQuery(retentionQuery(repo.id));
  const [typed, setTyped] = useState<Partial<Retention>>({});
  const client = useQueryClient();
  const rules: Retention = { keep_days: null, keep_tags: true, ...kept.data, ...typed };
  const save = useMutation({
    mutationFn: () => setRetention(repo.id, typed), // and not what somebody else may have changed meanwhile
    onSuccess: async () => {
      await client.invalidateQueries(retentionQuery(repo.id));
      say('Saved.');
      onClose();
    },
  });
  const wrong = elsewhereWrong(save.error, ['keep_days']);
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="keeping" className="btn primary" disabled={!kept.data || save.isPending}>Save</button></>;
  return (
    <Dialog title="How long commits are kept" onClose={onClose} foot={foot}>
      <form id="keeping" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        {kept.isError && <Failure error={kept.error} retry={() => void kept.refetch()} what="The rules" />}
        {kept.isPending ? <Skeleton width="50%" /> : (
          <>
            <label className="check"><input type="radio" name="keep" checked={rules.keep_days === null} onChange={() => setTyped({ ...typed, keep_days: null })} /><span>For good <span className="muted">nothing that was committed ever goes</span></span></label>
            <label className="check"><input type="radio" name="keep" checked={rules.keep_days !== null} onChange={() => setTyped({ ...typed, keep_days: USUAL_DAYS })} /><span>For some days <span className="muted">the newest commit of each branch always stays</span></span></label>
            {rules.keep_days !== null && (
              <>
                <Field label="Days" wrong={wrongWith(save.error, 'keep_days')}>{(wiring) => <input {...wiring} className="input short" type="number" min={1} value={rules.keep_days ?? ''} onChange={(event) => setTyped({ ...typed, keep_days: Number(event.target.value) })} />}</Field>
                <label className="check"><input type="checkbox" checked={rules.keep_tags} onChange={(event) => setTyped({ ...typed, keep_tags: event.target.checked })} /><span>Keep commits with a tag</span></label>
                <Notice tone="warn">Older commits go with the files that only they hold, the next time space is freed. That cannot be undone.</Notice>
              </>
            )}
          </>
        )}
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
      </form>
    </Dialog>
  );
}
