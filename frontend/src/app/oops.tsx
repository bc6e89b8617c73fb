import { Link, useRouter } from '@tanstack/react-router';
import { Icon } from '../ui/icon';
import { Empty, messageOf } from '../ui/parts';

/** A page that failed to be drawn or loaded. */
export function Oops({ error }: { error: unknown }) {
  const router = useRouter();
  return (
    <Empty art={<Icon name="warn" size={28} />} title="This page could not be shown" acts={<button type="button" className="btn" onClick={() => void router.invalidate()}><Icon name="again" />Try again</button>}>
      {messageOf(error)}
    </Empty>
  );
}

export const Lost = () => (
  <Empty art={<Icon name="search" size={28} />} title="Nothing is at this address" acts={<Link to="/projects" className="btn">To the projects</Link>}>
    It may have been deleted, or the address is mistyped.
  </Empty>
);
