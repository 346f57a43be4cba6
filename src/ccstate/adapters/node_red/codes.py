"""The catalogue of problems of the Node-RED adapter, as `ccstate.codes` is that of ccstate itself."""

from ccstate.errors import Code

KIND_UNKNOWN = Code("""CC404 Node-RED does not know the kind "{kind}"
  hint: it knows: {known}""")
UNREACHABLE = Code("""CC870 no connection to Node-RED at {url}: {why}
  hint: see whether it runs and listens there: `curl {url}/settings`""")
UNTRUSTED = Code("""CC870 the certificate of Node-RED at {url} is not trusted: {why}
  Without that check anybody on the way could read the token, and answer in its place.
  hint: name the file of its authority in the connection, under `ca`""")
LOGIN_REFUSED = Code("""CC871 Node-RED at {url} knows no user of this name and password
  hint: look at `adminAuth` in its settings.js; after five wrong tries it refuses all for ten minutes""")
TOKEN_REFUSED = Code("""CC871 Node-RED at {url} does not take the token
  hint: look whether it has expired, and at `adminAuth` in its settings.js""")
LOGIN_NEEDED = Code("""CC871 Node-RED at {url} asks for a login
  hint: add `username` and `password`, or `token`, to the connection""")
RIGHTS_MISSING = Code("""CC871 the user of Node-RED at {url} has no right to {what}
  hint: give the user the permission {permission} in `adminAuth` of its settings.js""")
STRANGE = Code("""CC872 the answer of {url} is none of Node-RED: {why}
  Nothing is planned against a platform that is not known.
  hint: look whether the connection names the address of Node-RED's editor""")
TOO_LARGE = Code("""CC872 Node-RED at {url} takes no flows of this size
  hint: raise `apiMaxLength` in its settings.js, which is 5mb where it is not set""")
RECORDS_DAMAGED = Code("""CC873 the records of ccstate in Node-RED at {url} are damaged
  They say what ccstate manages there; without them everything would be taken for made by hand.
  hint: restore the node "{node}" from a backup of the flows; or, to begin anew, delete it""")
RECORDS_FORMAT = Code("""CC873 the records of ccstate in Node-RED at {url} have format {found}, and this
    ccstate reads {known}
  hint: use the release of ccstate that wrote them""")
TYPES_MISSING = Code("""CC874 Node-RED at {url} has no nodes of the types {types}
  It would take them, and then wait for ever.
  hint: in its user folder: npm install {package}; then start it again""")
DASHBOARD_UNKNOWN = Code("""CC874 Node-RED at {url} has version {found} of its dashboard
  Walls are laid out for version {known}; another one draws them otherwise.
  hint: in its user folder: npm install {package}@{known}; then start it again""")
FLOWS_STOPPED = Code("""CC875 the flows of Node-RED at {url} do not run: {why}
  No wall shows a figure until they do.
  hint: {hint}""")
