package main

import (
	"os"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/flavors"
	"github.com/gophercloud/gophercloud/openstack/identity/v3/tokens"
	"github.com/gophercloud/utils/openstack/clientconfig"
)

func logIn() {
	client := compute()
	say("compute", client.Endpoint)
	say("image", service("image").ResourceBase)
	login := client.GetAuthResult().(tokens.CreateResult)
	say("project", got(login.ExtractProject()).Name)
	say("user", got(login.ExtractUser()).Name)
	var roles []string
	for _, role := range got(login.ExtractRoles()) {
		roles = append(roles, role.Name)
	}
	sayAll("roles", roles)

	_, err := openstack.NewNetworkV2(client.ProviderClient, gophercloud.EndpointOpts{})
	_, none := err.(*gophercloud.ErrEndpointNotFound)
	say("no network service", none)

	options := got(clientconfig.AuthOptions(&clientconfig.ClientOpts{Cloud: os.Getenv("OS_CLOUD")}))
	options.AllowReauth = true
	provider := got(openstack.AuthenticatedClient(*options))
	lasting := got(openstack.NewComputeV2(provider, gophercloud.EndpointOpts{}))
	must(tokens.Revoke(got(openstack.NewIdentityV3(provider, gophercloud.EndpointOpts{})), provider.Token()).Err)
	revoked := provider.Token()
	pages(flavors.ListDetail(lasting, nil))
	say("logs in again when a token is revoked", provider.Token() != revoked)

	options.Password = "wrong"
	_, err = openstack.AuthenticatedClient(*options)
	sayRefusal("wrong password", err)
}
