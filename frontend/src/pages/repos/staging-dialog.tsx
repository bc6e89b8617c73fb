import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type AutoCommit, autoCommitQuery, type Repo, setAutoCommit } from '../../api/repos';
import { Dialog } from '../../ui/dialog';
import { elsewhereWrong, Failure, Field, Notice, Skeleton, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';

/** When files that S3 programs put into a branch become a commit by themselves. */
export function StagingDialog({ repo, onClose }: { repo: Repo; onClose: () => void }) {
  const kept = useQuery(autoCommitQuery(repo.id));
  const [typed, setTyped] = useState<Partial<AutoCommit>>({});
  const client = useQueryClient();
  const values: AutoCommit = { after_files: 0, after_minutes: 0, ...kept.data, ...typed };
  const save = useMutation({
    mutationFn: () => setAutoCommit(repo.id, typed), // and not what somebody else may have changed meanwhile
    onSuccess: async () => {
      await client.invalidateQueries(autoCommitQuery(repo.id));
      say('Saved.');
      onClose();
    },
  });
  const wrong = elsewhereWrong(save.error, ['after_files', 'after_minutes']);
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="staging" className="btn primary" disabled={!kept.data || save.isPending}>Save</button></>;
  const figure = (name: keyof AutoCommit, label: string, hint: string) => (
    <Field label={label} hint={hint} wrong={wrongWith(save.error, name)}>{(wiring) => <input {...wiring} className="input short" type="number" min={0} value={values[name]} onChange={(event) => setTyped({ ...typed, [name]: Number(event.target.value) })} />}</Field>
  );
  return (
    <Dialog title="When staged files are committed" onClose={onClose} foot={foot}>
      <form id="staging" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        <p className="two">Programs that speak S3 put files one by one. They are staged, and seen by whoever reads the branch there, until they become a commit: when somebody says so, or by themselves.</p>
        {kept.isError && <Failure error={kept.error} retry={() => void kept.refetch()} what="The setting" />}
        {kept.isPending ? <Skeleton width="50%" /> : <>{figure('after_files', 'After so many files', '1: each at once. 0: not by their number.')}{figure('after_minutes', 'After so many minutes since the first', '0: not by time.')}</>}
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
      </form>
    </Dialog>
  );
}
