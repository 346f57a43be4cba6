from ccstate.cli import main

main()
