alter table deliveries add column bulk boolean not null default true;  -- false: from one person to another
drop index deliveries_due;
create index deliveries_due on deliveries (host, bulk, id) include (next_at) where state = 'waiting';

alter table hosts
    add column rest_until timestamptz,                -- it asked to be left alone, whatever it sends meanwhile
    add column revived_at timestamptz;                -- when a sign of life cut its pause short; null once it answers

alter table jobs
    add column source text not null default '',       -- what takes turns: the site in whose name it came, or nothing
    add column trace text;                            -- of what it failed with last, if that was a mistake of ours
update jobs set source = split_part(lane, '/', 3) where lane is not null;
drop index jobs_due;
drop index jobs_inbox_hosts;
create index jobs_due on jobs (queue, source, run_at, id) where failed_at is null;

alter table statuses
    add column held_until timestamptz,                -- nobody else hears of it before; null once it is out
    add column held_locally boolean not null default false;  -- meanwhile people here may read it
create index statuses_held on statuses (held_until) where held_until is not null;

alter table account_settings
    add column hold_seconds int not null default 0 check (hold_seconds between 0 and 86400),
    add column hold_locally boolean not null default false;

create index deliveries_failed on deliveries (host, id) where state in ('refused', 'expired');
