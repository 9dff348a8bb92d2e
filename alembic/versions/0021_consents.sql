-- What somebody here wants to do, or did, with a post elsewhere whose author has to agree to it (GoToSocial).
create table interaction_consents (
    interacting_uri text primary key,                 -- of the answer, the boost, or the Like
    request_uri text unique,                          -- of the question; null where nobody asked first
    account_id bigint not null references accounts on delete cascade,  -- who wants it
    status_id bigint not null references statuses on delete cascade,   -- what it is about
    state text not null check (state in ('asked', 'given', 'refused')),
    approval_uri text,                                -- the proof, when it is given
    created_at timestamptz not null default now()
);
create index interaction_consents_account on interaction_consents (account_id);
create index interaction_consents_status on interaction_consents (status_id);
