import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ADMIN, adminWorkspacesQuery, invitePerson } from '../../api/admin';
import type { Role } from '../../api/types';
import { ROLE_WORDS, ROLES } from '../../app/roles';
import { Dialog } from '../../ui/dialog';
import { elsewhereWrong, Field, Notice, wrongWith } from '../../ui/parts';
import { LinkDialog } from './people';

/** Makes an account for somebody, with a role, and the link by which they set a password. */
export function InvitePerson({ onClose }: { onClose: () => void }) {
  const workspaces = useQuery(adminWorkspacesQuery).data ?? [];
  const [values, setValues] = useState({ email: '', first_name: '', last_name: '' });
  const [workspace, setWorkspace] = useState(0);
  const [role, setRole] = useState<Role>('annotator');
  const client = useQueryClient();
  const invite = useMutation({
    mutationFn: () => invitePerson({ ...values, email: values.email.trim(), ...(workspace ? { workspace, role } : {}) }),
    onSuccess: () => client.invalidateQueries({ queryKey: ADMIN }),
  });
  if (invite.data) return <LinkDialog person={invite.data.person} link={invite.data.link} onClose={onClose} />;
  const wrong = elsewhereWrong(invite.error, ['email', 'first_name', 'last_name']);
  const text = (key: keyof typeof values, label: string, type = 'text') => (
    <Field label={label} wrong={wrongWith(invite.error, key)}>{(wiring) => <input {...wiring} className="input" type={type} autoComplete="off" autoFocus={key === 'email'} value={values[key]} onChange={(event) => setValues({ ...values, [key]: event.target.value })} />}</Field>
  );
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="invite-person" className="btn primary" disabled={!values.email.trim() || invite.isPending}>{invite.isPending && <span className="turn" />}Make the account</button></>;
  return (
    <Dialog title="Invite somebody" onClose={onClose} foot={foot}>
      <form id="invite-person" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); invite.mutate(); }}>
        {text('email', 'E-mail address', 'email')}
        <div className="two-columns">{text('first_name', 'First name')}{text('last_name', 'Last name')}</div>
        <div className="two-columns">
          <Field label="Workspace">{(wiring) => <select {...wiring} className="input" value={workspace} onChange={(event) => setWorkspace(Number(event.target.value))}><option value={0}>None for now</option>{workspaces.map((each) => <option key={each.id} value={each.id}>{each.title || each.name}</option>)}</select>}</Field>
          <Field label="Role there">{(wiring) => <select {...wiring} className="input" disabled={!workspace} value={role} onChange={(event) => setRole(event.target.value as Role)}>{ROLES.map((each) => <option key={each} value={each}>{ROLE_WORDS[each].name}</option>)}</select>}</Field>
        </div>
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
      </form>
    </Dialog>
  );
}
