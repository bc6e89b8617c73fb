import { initialsOf, nameOf } from '../api/session';
import type { Person } from '../api/types';
import { Avatar } from './parts';

/** Somebody with their picture, name and e-mail address; `note` stands beside the name. */
export const Who = ({ person, note }: { person: Pick<Person, 'email' | 'first_name' | 'last_name' | 'avatar'>; note?: string | undefined }) => {
  const name = nameOf(person);
  return (
    <span className="who">
      <Avatar seed={person.email} initials={initialsOf(person)} picture={person.avatar} />
      <span><span className="cut"><b className="b">{name}</b>{note && <span className="muted"> {note}</span>}</span>{name !== person.email && <span className="muted small cut">{person.email}</span>}</span>
    </span>
  );
};
