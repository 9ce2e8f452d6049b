-- Who has a role: administrators are looked for at each start, and users by their role.

CREATE INDEX user_roles_role ON latchkey.user_roles (role, user_id);
