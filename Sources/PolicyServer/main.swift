print("policy-server")
