// Run once by the compose file's `mongo-init`: makes the replica set and one user per service, each able to reach
// its own database and nothing else. Safe to run again.
const set = { _id: "rs0", members: [{ _id: 0, host: "mongo:27017" }] };
try {
  rs.status();
} catch (absent) {
  rs.initiate(set);
}
while (!db.hello().isWritablePrimary) {
  sleep(200);
}
const admin = db.getSiblingDB("admin");
for (const service of ["intake", "scoring", "notify", "dashboard"]) {
  const password = process.env[`MONGO_${service.toUpperCase()}_PASSWORD`];
  const roles = [{ role: "readWrite", db: service }];
  if (admin.getUser(service) === null) {
    admin.createUser({ user: service, pwd: password, roles });
  } else {
    admin.updateUser(service, { pwd: password, roles });
  }
}
