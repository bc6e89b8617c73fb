import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { address } from '../../api/addresses';
import { organizationQuery, renameOrganization, renewSignUpLink, signUpLinkQuery } from '../../api/people';
import type { Organization } from '../../api/types';
import { CopyField } from '../../ui/copy-field';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { Failure, Field, messageOf, Notice, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';

/** The link for those who shall have an account, and no role yet. */
export function SignUpLink({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const link = useQuery(signUpLinkQuery);
  const renew = useMutation({
    mutationFn: renewSignUpLink,
    onSuccess: (url) => { client.setQueryData(signUpLinkQuery.queryKey, url); say('The old link gives nothing any more.'); },
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const foot = <><button type="button" className="btn" disabled={renew.isPending || !link.data} onClick={() => renew.mutate()}>{renew.isPending ? <span className="turn" /> : <Icon name="again" />}Make a new link</button><button type="button" className="btn primary" onClick={onClose}>Done</button></>;
  return (
    <Dialog title="Sign-up link" onClose={onClose} foot={foot}>
      <p>Whoever has it can make an account on this server, as often as you like, until you make a new one. It gives no role: for that, invite under Members.</p>
      {link.isPending && <Skeleton width="100%" height={30} />}
      {link.isError && <Failure error={link.error} retry={() => void link.refetch()} what="The link" />}
      {link.data && <CopyField key={link.data} value={address(link.data)} name="The link" />}
    </Dialog>
  );
}

export function Rename({ organization, onClose }: { organization: Organization; onClose: () => void }) {
  const [title, setTitle] = useState(organization.title);
  const client = useQueryClient();
  const rename = useMutation({
    mutationFn: () => renameOrganization(title.trim()),
    onSuccess: async () => { await client.invalidateQueries(organizationQuery); say('The organisation is renamed.'); onClose(); },
  });
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="organization" className="btn primary" disabled={!title.trim() || rename.isPending}>Save</button></>;
  return (
    <Dialog title="Rename the organisation" onClose={onClose} foot={foot}>
      <form id="organization" onSubmit={(event) => { event.preventDefault(); rename.mutate(); }}>
        <Field label="Name">{(wiring) => <input {...wiring} className="input" autoFocus maxLength={100} value={title} onChange={(event) => setTitle(event.target.value)} />}</Field>
      </form>
      {rename.error && <Notice tone="bad" live>{messageOf(rename.error)}</Notice>}
    </Dialog>
  );
}
