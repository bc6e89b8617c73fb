import { useEffect, useState } from 'react';

const NARROW = '(max-width: 720px)';

/** Whether the page is as narrow as on a phone. */
export function usePhone(): boolean {
  const [phone, setPhone] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const query = matchMedia(NARROW);
    const onChange = () => setPhone(query.matches);
    query.addEventListener('change', onChange);
    return () => query.removeEventListener('change', onChange);
  }, []);
  return phone;
}
