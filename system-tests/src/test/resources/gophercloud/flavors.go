package main

import (
	"crypto/rand"
	"crypto/rsa"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/keypairs"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/flavors"
)

func flavorsAndKeys() {
	client := compute()
	disk := 1
	for name, memory := range map[string]int{"small": 64, "larger": 96} {
		got(flavors.Create(client, flavors.CreateOpts{Name: name, RAM: memory, VCPUs: 1, Disk: &disk}).Extract())
	}
	var names []string
	page := pages(flavors.ListDetail(client, flavors.ListOpts{Limit: 1, MinDisk: 1}))
	for _, flavor := range got(flavors.ExtractFlavors(page)) {
		names = append(names, flavor.Name)
	}
	sayAll("by pages of one", names)
	small := flavorNamed(client, "small")
	got(flavors.CreateExtraSpecs(client, small, flavors.ExtraSpecsOpts{"hw:test": "1", "hw:other": "2"}).Extract())
	got(flavors.UpdateExtraSpec(client, small, flavors.ExtraSpecsOpts{"hw:test": "3"}).Extract())
	must(flavors.DeleteExtraSpec(client, small, "hw:other").ExtractErr())
	say("extra specs", got(flavors.ListExtraSpecs(client, small).Extract()))
	say("memory", got(flavors.Get(client, small).Extract()).RAM)

	generated := got(keypairs.Create(client, keypairs.CreateOpts{Name: "generated"}).Extract())
	say("private key", strings.Contains(generated.PrivateKey, "PRIVATE KEY"))
	public := publicKey()
	got(keypairs.Create(client, keypairs.CreateOpts{Name: "imported", PublicKey: public}).Extract())
	say("imported as it was", got(keypairs.Get(client, "imported").Extract()).PublicKey == public)
	sayAll("keys", keyNames(client))
}

func flavorNamed(client *gophercloud.ServiceClient, name string) string {
	for _, flavor := range got(flavors.ExtractFlavors(pages(flavors.ListDetail(client, nil)))) {
		if flavor.Name == name {
			return flavor.ID
		}
	}
	stop("no flavor " + name)
	return ""
}

func publicKey() string {
	key := got(rsa.GenerateKey(rand.Reader, 2048))
	public := got(ssh.NewPublicKey(&key.PublicKey))
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))
}

func keyNames(client *gophercloud.ServiceClient) []string {
	names := []string{}
	for _, key := range got(keypairs.ExtractKeyPairs(pages(keypairs.List(client)))) {
		names = append(names, key.Name)
	}
	return names
}
