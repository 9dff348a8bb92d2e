create table installation (                           -- where these rows are at home; one row, made by the first start
    one boolean primary key default true check (one),
    place text not null,                              -- database_place() when they were put there
    held_at timestamptz                               -- what is older came with a backup; nothing is sent while it is set
);

-- Another cluster, another database and another table each give another place: whatever pg_restore was told. The same
-- for a replica that takes over, which has lost nothing.
create function database_place() returns text language plpgsql stable as $$
declare
    cluster text := '';
begin
    begin
        select system_identifier::text into cluster from pg_control_system();
    exception when insufficient_privilege then
        null;
    end;
    return concat_ws('/', cluster, (select oid from pg_database where datname = current_database()),
        'installation'::regclass::oid);
end $$;

create function sending_held() returns boolean language sql stable as
$$ select coalesce((select held_at is not null or place <> database_place() from installation), false) $$;
